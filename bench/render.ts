import { table } from './table.ts';
import type { Machine } from './machine.ts';
import type { Comparison, Contestant, Group, Report } from './report.ts';
import type { Spread } from './stats.ts';

const TITLE = '# Benchmark';
const MARK =
  '<!-- From here on the benchmark writes this page: npm run bench -- --full --page docs/performance.md -->';

/**
 * Fills a page with the report below its mark.
 * @throws when the page has no mark
 */
export function fillPage(page: string, report: Report): string {
  const at = page.indexOf(MARK);
  if (at < 0) throw new Error(`The page has no line ${MARK}`);
  return `${page.slice(0, at)}${MARK}${renderReport(report).slice(TITLE.length)}`;
}

/** The report as Markdown: first targets and results, then all figures. */
export function renderReport(report: Report): string {
  const sizes = report.full
    ? 'The sizes are those of the targets. '
    : 'The sizes are the quick ones, where the start of a process weighs more: targets are judged with `--full`. ';
  return renderGroups(report, sizes);
}

/** The report as Markdown, with an optional sentence about the sizes. */
export function renderGroups(
  { machine, repetitions, seconds, groups }: Omit<Report, 'full'>,
  sizes = '',
): string {
  return [
    TITLE,
    describe(machine),
    `${sizes}Each program is a process of its own and ran ${repetitions} times or more, in turn with the others; a ratio is the median of those within a turn. It took ${Math.round(seconds)} s.`,
    '## Targets',
    table(['workload', 'target', 'reached', ''], groups.flatMap(verdictRows)),
    ...groups.flatMap(renderGroup),
    '',
  ].join('\n\n');
}

function describe(machine: Machine): string {
  const packages = Object.entries(machine.packages).map(([name, version]) => `${name} ${version}`);
  const tools = [
    `Node ${machine.node}`,
    `Python ${machine.python ?? 'none'}`,
    `curl ${machine.curl ?? 'none'}`,
  ];
  const where = `${machine.os}, ${machine.cpus}, ${machine.memoryGb} GB`;
  return `${where}. ${[...tools, ...packages].join(', ')}. Commit ${machine.commit}, ${machine.date.slice(0, 16)}Z.`;
}

const verdictRows = ({ title, verdicts }: Group): string[][] =>
  verdicts.map(({ target, reached, met }) => [title, target, reached, met ? 'met' : '**missed**']);

function renderGroup({ title, size, contestants, comparisons, facts = [], notes }: Group): string[] {
  const who = ['', 'wall s', 'CPU s', 'peak RSS MB', 'MB/s'];
  const ratio = ['ours / theirs', 'by wall time', 'by CPU time'];
  return [
    `## ${title}`,
    size,
    ...(contestants.length === 0 ? [] : [table(who, contestants.map(contestantRow))]),
    ...(comparisons.length === 0 ? [] : [table(ratio, comparisons.map(comparisonRow))]),
    ...(facts.length === 0
      ? []
      : [
          table(
            ['', ''],
            facts.map(({ name, value }) => [name, value]),
          ),
        ]),
    ...(notes.length === 0 ? [] : [notes.join(' ')]),
  ];
}

function contestantRow({ name, wall, cpu, rssMb, throughput }: Contestant): string[] {
  return [name, show(wall, 2), show(cpu, 2), show(rssMb, 0), throughput?.toFixed(0) ?? ''];
}

function comparisonRow({ ours, against, wall, cpu }: Comparison): string[] {
  return [`${ours} / ${against}`, show(wall, 2), show(cpu, 2)];
}

/** `1.20 (1.10–1.40)` */
function show(spread: Spread | undefined, digits: number): string {
  if (spread === undefined) return '';
  const [median, min, max] = [spread.median, spread.min, spread.max].map((value) => value.toFixed(digits));
  return min === max ? `${median}` : `${median} (${min}–${max})`;
}
