/** Numbers in [0, 1) that depend only on the seed (mulberry32), so that every machine has the same data. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const WORDS =
  'the salt from Lüneburg met herring in Scania and fed half of Europe while its council judged "fairly" by law, wrote letters to Bergen, Novgorod – and counted every barrel twice\\once'.split(
    ' ',
  );

/**
 * Slices of one long text, each after a number: fast to make, and all different. Contains quotes, a backslash and characters of
 * two and three bytes.
 */
export function createTexts(random: () => number): (length: number) => string {
  const words = Array.from({ length: 20_000 }, () => WORDS[Math.floor(random() * WORDS.length)] ?? '');
  const text = words.join(' ');
  let made = 0;
  return (length) => {
    const start = Math.floor(random() * (text.length - length - 2));
    made += 1;
    return `A${made} ${text.slice(start, start + length)}z`;
  };
}

/** The numbers below `count` in random order. */
export function shuffled(count: number, random: () => number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, n) => n);
  for (let last = count - 1; last > 0; last -= 1) {
    const chosen = Math.floor(random() * (last + 1));
    const kept = order[last] ?? 0;
    order[last] = order[chosen] ?? 0;
    order[chosen] = kept;
  }
  return order;
}
