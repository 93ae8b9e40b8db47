/** Seconds in a completion window such as `24h`, `7d` or `30m`; undefined for any other text. */
export function parseWindow(window: string): number | undefined {
  const match = /^(\d{1,5})([mhd])$/.exec(window);
  if (match === null) return undefined;
  const unit = { m: 60, h: 3_600, d: 86_400 }[match[2] as 'm' | 'h' | 'd'];
  return Number(match[1]) * unit;
}
