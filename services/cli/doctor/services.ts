import type { StackService } from '../stack-services.ts';
import { type Finding, findings } from './finding.ts';

const START_AGAIN = 'npx afterglow down && npm start';

/** Pure: every service of the running stack is there and ready. */
export function checkServices(services: readonly Omit<StackService, 'reading'>[]): readonly Finding[] {
  const { ok } = findings('services');
  const wrong = services.filter(({ view }) => view.state !== 'ready').map(checkService);
  const ready = services.filter(({ view }) => view.state === 'ready').map(({ view }) => view.name);
  return ready.length === 0 ? wrong : [ok(`ready: ${ready.join(', ')}`), ...wrong];
}

function checkService({ view, log, remedy }: Omit<StackService, 'reading'>): Finding {
  const { failed, warning } = findings('services');
  const why = view.detail === undefined ? '' : `: ${view.detail.replace(/\.$/, '')}`;
  const watch = 'npx afterglow status --watch';
  const look = log === undefined ? watch : `tail ${log}`;
  if (view.state === 'starting') return warning(`${view.name} is starting.`, watch);
  if (view.state === 'restarting')
    return failed(`${view.name} is down and will be started again${why}.`, look);
  if (view.state === 'not ready') return failed(`${view.name} is not ready${why}.`, look);
  if (log === undefined) return failed(`${view.name} is not running${why}.`, START_AGAIN);
  const steps = [...(remedy === undefined ? [] : [remedy]), look, `${START_AGAIN}  # after that`];
  return failed(`${view.name} is down and stays down${why}.`, steps.join('\n'));
}
