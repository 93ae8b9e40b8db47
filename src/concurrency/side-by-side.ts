/** Number of small reads and writes at the same time. More of them would only wait for the store's connections. */
const WIDTH = 32;

/**
 * Makes one call per item, at most `limit` at a time; returns the results in the items' order. After a failure it starts no
 * further call, and throws the failure once all started calls have ended.
 */
export async function sideBySide<In, Out>(
  items: readonly In[],
  call: (item: In, n: number) => Promise<Out>,
  limit = WIDTH,
): Promise<Out[]> {
  const results: Out[] = [];
  const failures: unknown[] = [];
  const queue = items.entries();
  const work = async (): Promise<void> => {
    for (const [n, item] of queue) {
      if (failures.length > 0) return;
      try {
        results[n] = await call(item, n);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  if (failures.length > 0) throw failures[0];
  return results;
}
