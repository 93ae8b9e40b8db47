/** Small reads and writes that are on their way at the same time; more would only queue at the store's connections. */
const WIDTH = 32;

/**
 * Calls for each item, with at most `limit` calls at once; the results are in the items' order. After a failure no further
 * call is started, and the failure is thrown when all calls that were started have ended.
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
