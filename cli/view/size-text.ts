const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB'] as const;

/** `12 bytes`, `340 KB`, `1.2 GB`: units of 1,000, as disks are sold. */
export function sizeText(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (unit < UNITS.length - 1 && Math.round(value) >= 1_000) {
    value /= 1_000;
    unit += 1;
  }
  const digits = unit > 0 && value < 10 ? value.toFixed(1).replace(/\.0$/, '') : String(Math.round(value));
  return `${digits} ${UNITS[unit] ?? ''}`;
}
