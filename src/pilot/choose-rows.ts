/**
 * Chooses rows that are spread evenly over a job's request lines, with at least one row of each input file if possible. The same
 * job always gets the same rows.
 * @param inputs request lines of each input file, in order
 * @returns positions among all request lines, ascending
 */
export function chooseRows(inputs: readonly number[], rows: number): number[] {
  const sizes = inputs.filter((size) => size > 0);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  if (rows >= all) return spread(0, all, all);
  if (sizes.length > rows) return spread(0, all, rows);
  let start = 0;
  return shares(sizes, rows).flatMap((share, n) => {
    const size = sizes[n] ?? 0;
    start += size;
    return spread(start - size, size, share);
  });
}

/** The middle positions of equal parts of a range. */
function spread(start: number, size: number, count: number): number[] {
  return Array.from({ length: count }, (_, n) => start + Math.floor(((n + 0.5) * size) / count));
}

/**
 * Divides rows among inputs: one row per input, and the others in proportion to the sizes; the largest remainders get the rows
 * left by rounding.
 */
function shares(sizes: readonly number[], rows: number): number[] {
  const all = sizes.reduce((sum, size) => sum + size, 0) - sizes.length;
  const exact = sizes.map((size) => (all === 0 ? 0 : ((rows - sizes.length) * (size - 1)) / all));
  const counts = exact.map((share) => 1 + Math.floor(share));
  const left = rows - counts.reduce((sum, count) => sum + count, 0);
  const byRemainder = [...exact.keys()].toSorted(
    (a, b) => remainder(exact[b]) - remainder(exact[a]) || a - b,
  );
  for (const n of byRemainder.slice(0, left)) counts[n] = (counts[n] ?? 0) + 1;
  return counts;
}

const remainder = (share = 0): number => share - Math.floor(share);
