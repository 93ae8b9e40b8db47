/** A range of a source, `end` exclusive; sources count from 0. */
export interface Piece {
  readonly source: number;
  readonly start: number;
  readonly end: number;
}

/** One part of a join: either a range that S3 copies itself, or pieces too small for that, gathered here. */
export type JoinPart =
  | { readonly kind: 'copy'; readonly piece: Piece }
  | { readonly kind: 'gather'; readonly pieces: readonly Piece[] };

export interface JoinLimits {
  /** Least bytes of every part but the last. */
  readonly minPartBytes: number;
  /** Most bytes of one copied part. At least twice the least. */
  readonly maxCopyBytes: number;
}

/**
 * How to join sources of these sizes, in order and without a gap. A gathered part is smaller than twice the least;
 * where one is short of the least, it borrows the head of the large source behind it.
 */
export function planJoin(sizes: readonly number[], limits: JoinLimits): JoinPart[] {
  const { minPartBytes } = limits;
  const parts: JoinPart[] = [];
  let pieces: Piece[] = [];
  let gathered = 0;

  const gather = (piece: Piece): void => {
    if (piece.end === piece.start) return;
    pieces.push(piece);
    gathered += piece.end - piece.start;
    if (gathered >= minPartBytes) flush();
  };
  const flush = (): void => {
    if (pieces.length > 0) parts.push({ kind: 'gather', pieces });
    pieces = [];
    gathered = 0;
  };

  for (const [source, size] of sizes.entries()) {
    const borrowed = gathered > 0 && size >= minPartBytes ? minPartBytes - gathered : 0;
    gather({ source, start: 0, end: borrowed });
    const rest = { source, start: borrowed, end: size };
    if (size - borrowed < minPartBytes) gather(rest);
    else parts.push(...copies(rest, limits.maxCopyBytes));
  }
  flush();
  return parts;
}

/** Even pieces of a range, so that no last one is too small to be a part. */
function copies({ source, start, end }: Piece, maxCopyBytes: number): JoinPart[] {
  const count = Math.ceil((end - start) / maxCopyBytes);
  const bytes = Math.ceil((end - start) / count);
  return Array.from({ length: count }, (_, index) => {
    const from = start + index * bytes;
    return { kind: 'copy', piece: { source, start: from, end: Math.min(from + bytes, end) } };
  });
}
