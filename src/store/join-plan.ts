/** A range of a source, `end` exclusive; sources are numbered from 0. */
export interface Piece {
  readonly source: number;
  readonly start: number;
  readonly end: number;
}

/** One part of a join: a range that S3 copies itself, or pieces that are too small for that and are gathered here. */
export type JoinPart =
  | { readonly kind: 'copy'; readonly piece: Piece }
  | { readonly kind: 'gather'; readonly pieces: readonly Piece[] };

export interface JoinLimits {
  /** Smallest size of every part except the last. */
  readonly minPartBytes: number;
  /** Largest size of a copied part. At least twice the smallest. */
  readonly maxCopyBytes: number;
}

/**
 * Plans the join of sources of these sizes, in order and without a gap. A gathered part is smaller than twice the minimum. If it
 * is below the minimum, it takes the beginning of the large source after it.
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

/** Equal pieces of a range, so that the last one is not too small for a part. */
function copies({ source, start, end }: Piece, maxCopyBytes: number): JoinPart[] {
  const count = Math.ceil((end - start) / maxCopyBytes);
  const bytes = Math.ceil((end - start) / count);
  return Array.from({ length: count }, (_, index) => {
    const from = start + index * bytes;
    return { kind: 'copy', piece: { source, start: from, end: Math.min(from + bytes, end) } };
  });
}
