// Attaches to veth0 in the namespace that it is started in; run by link.kernel.test.ts. Arguments:
// the object, a directory in a BPF file system, veth0's index. Prints what it saw as JSON.

import { BpfObject, BpfProgram, XdpLink, xdpAttach, xdpDetach, xdpQuery } from '../../src/index.ts';
import { thrown } from '../layouts.ts';

const [, , path = '', pins = '', index = ''] = process.argv;
const seen: Record<string, unknown> = {};
const ifindex = Number(index);

using object = BpfObject.open(path);
object.load();
const pass = object.program('configured');
const drop = object.program('drop');
const passId = pass.info().id;
const dropId = drop.info().id;
const code = (act: () => unknown) => thrown(act).code;

seen['before'] = xdpQuery(ifindex).mode;
for (const mode of ['native', 'generic'] as const) {
  using link = XdpLink.attach({ program: pass, ifindex, mode });
  const state = xdpQuery(ifindex);
  const busy = code(() => XdpLink.attach({ program: drop, ifindex, mode }));
  seen[mode] = { mode: state.mode, own: state.progId === passId, info: link.info().ifindex === ifindex, busy };
}
seen['closed'] = xdpQuery(ifindex).mode;

const link = XdpLink.attach({ program: pass, ifindex, mode: 'native' });
link.update(drop);
seen['updated'] = link.info().progId === dropId && xdpQuery(ifindex).progId === dropId;
seen['wrongOld'] = code(() => link.update(pass, pass));
link.update(pass, drop);
seen['rightOld'] = link.info().progId === passId;
seen['wrongType'] = code(() => link.update(object.program('whoami'), undefined));

link.pin(`${pins}/link`);
link.close();
link.close();
seen['useAfterClose'] = code(() => link.info());
seen['pinned'] = xdpQuery(ifindex).progId === passId;
{
  using again = XdpLink.openPinned(`${pins}/link`);
  again.update(drop);
  seen['reopened'] = again.info().progId === dropId;
  seen['netlinkOverLink'] = code(() => xdpDetach(ifindex, 'native'));
  again.detach();
  seen['detached'] = [again.info().ifindex, xdpQuery(ifindex).mode];
  seen['updateDetached'] = code(() => again.update(pass));
  again.unpin();
}
seen['unpinned'] = code(() => XdpLink.openPinned(`${pins}/link`));

xdpAttach(ifindex, pass, { mode: 'native' });
seen['occupied'] = code(() => xdpAttach(ifindex, drop, { mode: 'native' }));
seen['wrongReplace'] = code(() => xdpAttach(ifindex, pass, { mode: 'native', replace: drop }));
xdpAttach(ifindex, drop, { mode: 'native', replace: pass });
seen['replaced'] = xdpQuery(ifindex).nativeId === dropId;
{
  using found = BpfProgram.fromId(xdpQuery(ifindex).progId);
  seen['found'] = found.name;
}
xdpDetach(ifindex, 'native');
xdpDetach(ifindex, 'native');
seen['after'] = xdpQuery(ifindex).mode;
xdpAttach(ifindex, pass, { mode: 'generic', replace: 'any' });
seen['generic2'] = xdpQuery(ifindex).mode;
xdpDetach(ifindex, 'generic');

seen['noInterface'] = [
  code(() => XdpLink.attach({ program: pass, ifindex: 99999, mode: 'native' })),
  code(() => xdpQuery(99999)),
];
seen['noMode'] = code(() => XdpLink.attach({ program: pass, ifindex, mode: 'fast' as 'native' }));
console.log(JSON.stringify(seen));
