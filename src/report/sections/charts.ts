import { OUTCOMES } from '../../checkpoints/outcomes.ts';
import type { OutcomeCounts } from '../../checkpoints/counts.ts';
import { html, type Html } from '../page/html.ts';
import type { Latency } from '../latency.ts';
import { counted, grouped } from '../../text/counted.ts';
import { duration } from '../../text/duration.ts';
import type { Bar, Lane, Timeline } from '../timeline.ts';

/** Charts as SVG without a view box: widths are percentages and text keeps its size, so that they are readable on a phone. */

const percent = (part: number): string => `${Number((part * 100).toFixed(2))}%`;

/** The rows by outcome as one bar. Rows without an outcome leave it empty. */
export function outcomeBar(counts: OutcomeCounts, rows: number): Html {
  const parts = OUTCOMES.map((outcome) => [outcome, counts[outcome]] as const);
  let from = 0;
  const rects = parts.map(([outcome, n]) => {
    const width = n / Math.max(1, rows);
    const rect = html`<rect
      class="bar-${outcome}"
      x="${percent(from)}"
      width="${percent(width)}"
      height="14"
    />`;
    from += width;
    return n > 0 ? rect : '';
  });
  const label = parts.map(([outcome, n]) => `${grouped(n)} ${outcome}`).join(', ');
  return html`<svg role="img" aria-label="${label}" height="14">
    <rect class="bar-rest" width="100%" height="14" />
    ${rects}
  </svg>`;
}

const AXIS_HEIGHT = 22;

export function timelineChart(timeline: Timeline): Html {
  return timeline.lanes.length > 0 ? laneChart(timeline) : columnChart(timeline);
}

const LANE_HEIGHT = 34;

function laneChart({ lanes, ticks, seconds }: Timeline): Html {
  const height = lanes.length * LANE_HEIGHT;
  const bars = lanes.map((lane, n) => drawLane(lane, n * LANE_HEIGHT));
  const label = `${counted(lanes.length, 'shard')} over ${duration(seconds)}; the table below has every batch.`;
  return html`<svg role="img" aria-label="${label}" height="${height + AXIS_HEIGHT}">
    ${axis(ticks, height)}${bars}
  </svg>`;
}

function drawLane({ shard, bars }: Lane, top: number): Html {
  const label = bars.length > 1 ? ` · ${counted(bars.length, 'round')}` : '';
  return html`<text x="0" y="${top + 12}">Shard ${shard}${label}</text>
    <rect class="lane" x="0" y="${top + 18}" width="100%" height="10" rx="2" />
    ${bars.map((bar) => drawBar(bar, top + 18))}`;
}

/** Smallest width of a bar, so that a very short batch is visible. */
const MIN_WIDTH = 0.004;

function drawBar({ from, to, round, seconds, requests, status }: Bar, top: number): Html {
  const still = status === undefined ? ' still' : '';
  const label = `Round ${round}: ${requests === undefined ? '' : `${counted(requests, 'request')}, `}${duration(seconds)}, ${status ?? 'running'}`;
  const x = Math.min(from, 1 - MIN_WIDTH);
  return html`<rect
    class="r${Math.min(round, 3)}${still}"
    x="${percent(x)}"
    y="${top}"
    width="${percent(Math.max(MIN_WIDTH, to - x))}"
    height="10"
    rx="2"
    ><title>${label}</title></rect
  >`;
}

const COLUMNS_HEIGHT = 150;

function columnChart({ columns, ticks, highest, seconds }: Timeline): Html {
  const width = 1 / Math.max(1, columns.length);
  const bars = columns.flatMap((rounds, n) => {
    let y = COLUMNS_HEIGHT;
    return rounds.map((batches, round) => {
      const height = (batches / Math.max(1, highest)) * (COLUMNS_HEIGHT - 18);
      y -= height;
      if (batches === 0) return '';
      return html`<rect
        class="r${round + 1}"
        x="${percent(n * width)}"
        y="${y.toFixed(1)}"
        width="${percent(width * 0.86)}"
        height="${height.toFixed(1)}"
      />`;
    });
  });
  const label = `Batches that ran at the same time, over ${duration(seconds)}: ${grouped(highest)} at most.`;
  return html`<svg role="img" aria-label="${label}" height="${COLUMNS_HEIGHT + AXIS_HEIGHT}">
    ${axis(ticks, COLUMNS_HEIGHT)}
    <text x="0" y="12">${counted(highest, 'batch')} at once</text>
    <line class="grid" x1="0" x2="100%" y1="18" y2="18" />
    ${bars}
  </svg>`;
}

function axis(ticks: Timeline['ticks'], height: number): Html {
  const marks = ticks.map(({ at, seconds }) => {
    const anchor = at === 0 ? 'start' : at > 0.92 ? 'end' : 'middle';
    return html`<line class="grid" x1="${percent(at)}" x2="${percent(at)}" y1="0" y2="${height + 4}" /><text
        x="${percent(at)}"
        y="${height + 18}"
        text-anchor="${anchor}"
        >${duration(seconds)}</text
      >`;
  });
  return html`<g>${marks}<line class="grid" x1="0" x2="100%" y1="${height}" y2="${height}" /></g>`;
}

const BINS_HEIGHT = 110;

export function latencyChart({ bins, batches, median, longest }: Latency): Html {
  const most = Math.max(...bins.map((bin) => bin.batches));
  const width = 1 / bins.length;
  const bars = bins.map((bin, n) => {
    const height = (bin.batches / most) * (BINS_HEIGHT - 18);
    const middle = percent((n + 0.5) * width);
    const label = bins.length <= 6 || n % 3 === 2 || n === bins.length - 1;
    return html`<rect
        class="r1"
        x="${percent(n * width + 0.06 * width)}"
        y="${(BINS_HEIGHT - height).toFixed(1)}"
        width="${percent(0.88 * width)}"
        height="${height.toFixed(1)}"
      />
      ${bin.batches > 0 && html`<text x="${middle}" y="${(BINS_HEIGHT - height - 5).toFixed(1)}" text-anchor="middle">${grouped(bin.batches)}</text>`}
      ${label && html`<text x="${percent((n + 1) * width)}" y="${BINS_HEIGHT + 17}" text-anchor="end">≤ ${duration(bin.upTo)}</text>`}`;
  });
  const label = `How long ${counted(batches, 'batch')} took: half at most ${duration(median)}, the longest ${duration(longest)}.`;
  return html`<svg role="img" aria-label="${label}" height="${BINS_HEIGHT + AXIS_HEIGHT}">
    ${bars}
    <line class="grid" x1="0" x2="100%" y1="${BINS_HEIGHT}" y2="${BINS_HEIGHT}" />
  </svg>`;
}
