import { harmless } from '../../../shared/terminal/harmless.ts';
import type { Painter } from '../view/paint.ts';
import { exitStatus, type Finding, type Outcome } from './finding.ts';

const SIGN: Readonly<Record<Outcome, { readonly mark: string; readonly color: keyof Painter }>> = {
  ok: { mark: '✓', color: 'good' },
  warning: { mark: '!', color: 'warning' },
  failed: { mark: '✖', color: 'bad' },
  unreachable: { mark: '✖', color: 'bad' },
  skipped: { mark: '-', color: 'faint' },
};
const AREA_COLUMNS = 12;

/** Pure: grouped by area, each thing to do below what is wrong. */
export function reportLines(all: readonly Finding[], paint: Painter): readonly string[] {
  const lines: string[] = [];
  let area: string | undefined;
  for (const finding of all) {
    const { mark, color } = SIGN[finding.outcome];
    const name = finding.area === area ? '' : finding.area;
    area = finding.area;
    lines.push(
      `${paint.strong(name.padEnd(AREA_COLUMNS))} ${paint[color](mark)} ${harmless(finding.message)}`,
    );
    if (finding.fix !== undefined) {
      for (const line of finding.fix.split('\n')) {
        lines.push(`${' '.repeat(AREA_COLUMNS + 3)}${paint.accent(line)}`);
      }
    }
  }
  return [...lines, '', verdict(all, paint)];
}

function verdict(all: readonly Finding[], paint: Painter): string {
  const count = (outcome: Outcome): number => all.filter((finding) => finding.outcome === outcome).length;
  const wrong = count('failed') + count('unreachable');
  const warnings = count('warning');
  const told = warnings === 0 ? '' : `, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  if (wrong === 0) return paint.good(`Nothing to fix${told}.`);
  return paint.bad(`${wrong} ${wrong === 1 ? 'thing' : 'things'} to fix${told}.`);
}

export function reportJson(all: readonly Finding[]): unknown {
  return { exit: exitStatus(all), findings: all };
}
