/** What `xlb import` needs of ipvsadm's words. */
export { importRules } from './import-rules.ts';
export { SystemNames } from './names.ts';
