import { writeFileSync } from 'node:fs';

/** Has the process write down its peak memory in MB when it ends. */
export function tellUsage(): void {
  process.on('exit', () => {
    const file = process.env['BENCH_USAGE'];
    if (file !== undefined) writeFileSync(file, String(Math.round(process.resourceUsage().maxRSS / 1_024)));
  });
}
