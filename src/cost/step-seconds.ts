/** The steps whose duration is part of a job's cost. */
export type CostedStep =
  | 'build-requests'
  | 'build-slice'
  | 'upload-file'
  | 'create-batch'
  | 'send-direct'
  | 'poll-batch'
  | 'collect-results'
  | 'write-results'
  | 'announce-job';

/**
 * Estimated duration of a step, in seconds. A Lambda has 78 MB/s of network (625 Mb/s), which a step that moves rows shares
 * between download and upload. A step that calls the provider waits 0.7 s for the answer.
 */
export const SECONDS: Readonly<Record<CostedStep, { readonly fixed: number; readonly perByte: number }>> = {
  'build-requests': { fixed: 1, perByte: 1 / 30_000_000 },
  'build-slice': { fixed: 1, perByte: 1 / 30_000_000 },
  'upload-file': { fixed: 1, perByte: 1 / 30_000_000 },
  'create-batch': { fixed: 0.7, perByte: 0 },
  'send-direct': { fixed: 1, perByte: 0 },
  'poll-batch': { fixed: 0.7, perByte: 0 },
  'collect-results': { fixed: 1, perByte: 1 / 15_000_000 },
  'write-results': { fixed: 1, perByte: 1 / 60_000_000 },
  'announce-job': { fixed: 1, perByte: 0 },
};

/** Seconds per row that is sent direct: an answer takes 10 s, and ten calls run at the same time. */
export const DIRECT_ROW_SECONDS = 1;

/** Estimated duration of a step, in seconds, for the given bytes of request lines. */
export function stepSeconds(step: CostedStep, bytes: number): number {
  const { fixed, perByte } = SECONDS[step];
  return fixed + bytes * perByte;
}

/**
 * The sizes of a build in slices: the bytes of a slice, and the bytes from which an input is built in slices. Rows are read
 * twice, in parallel. After that, *Build requests* reads the notes, which takes about a tenth of that time.
 */
export const SLICED_BUILD = {
  leastBytes: 4 * 2 ** 30,
  sliceBytes: 2 ** 30,
  atOnce: 100,
  readings: 2,
  ofNotes: 0.1,
} as const;

/** Number of slices of a build. Assumes that the input is as large as its request lines. */
export function slicesOf(bytes: number): number {
  const { leastBytes, sliceBytes } = SLICED_BUILD;
  return bytes < leastBytes ? 0 : Math.ceil(bytes / sliceBytes);
}

/** Estimated duration of a build, in seconds. */
export function buildSeconds(bytes: number): number {
  const slices = slicesOf(bytes);
  if (slices === 0) return stepSeconds('build-requests', bytes);
  const { atOnce, readings, ofNotes, sliceBytes } = SLICED_BUILD;
  const waves = Math.ceil(slices / atOnce);
  return (
    stepSeconds('build-requests', ofNotes * bytes) + waves * readings * stepSeconds('build-slice', sliceBytes)
  );
}
