/** The daemon, its data plane and its services. */
import type { DoctorCheck } from '../../api/protocol/doctor.ts';
import { formatServiceKey } from '../../core/model/service-key.ts';
import type { DoctorFacts } from './facts.ts';

/** What `xlb status` calls a problem comes first; of everything else one line says that it is well. */
export function checkDirector(facts: DoctorFacts): DoctorCheck[] {
  const { version, config, problems } = facts;
  const text = `${version} answers${config === null ? ', without a configuration file' : `, ${config} runs`}`;
  return [
    { id: 'daemon', state: 'ok', subject: 'xlbd', text, next: null },
    ...problems.map(
      ({ severity, ...rest }): DoctorCheck => ({ ...rest, state: severity === 'error' ? 'fail' : 'warn' }),
    ),
    ...goodServices(facts),
  ];
}

function goodServices({ model, problems }: DoctorFacts): DoctorCheck[] {
  const names = [...model.services.values()].map(({ key }) => formatServiceKey(key));
  if (names.length === 0) {
    const text = 'no virtual service is configured';
    return [{ id: 'services', state: 'skip', subject: 'services', text, next: 'xlb service add' }];
  }
  const good = names.filter((name) => !problems.some(({ subject }) => subject.split(' > ')[0] === name));
  if (good.length === 0) return [];
  const text = `every real server of ${good.length} of ${names.length} has a next hop`;
  return [{ id: 'services', state: 'ok', subject: 'services', text, next: null }];
}
