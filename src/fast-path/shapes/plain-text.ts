/** A slot's text if it is printable ASCII without escapes, as ids are; otherwise `undefined`. */
export function plainText(line: Buffer, spans: ArrayLike<number>, slot: number): string | undefined {
  const [start, end] = [spans[2 * slot] as number, spans[2 * slot + 1] as number];
  for (let at = start; at < end; at += 1) {
    const byte = line[at] as number;
    if (byte < 0x20 || byte > 0x7e || byte === 0x5c) return undefined;
  }
  return line.toString('latin1', start, end);
}
