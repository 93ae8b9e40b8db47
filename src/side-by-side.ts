/** Small reads and writes that are on their way at the same time; more would only queue at the store's connections. */
const WIDTH = 32;

/** Maps over items with so many calls on their way at once; the results are in the items' order. */
export async function sideBySide<In, Out>(
  items: readonly In[],
  call: (item: In, n: number) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = [];
  for (let from = 0; from < items.length; from += WIDTH) {
    const some = items.slice(from, from + WIDTH);
    results.push(...(await Promise.all(some.map((item, n) => call(item, from + n)))));
  }
  return results;
}
