export type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Removes fields that are set to `undefined`, which would hide a default. */
export function defined<T extends object>(fields: T | undefined): Defined<T> {
  return Object.fromEntries(
    Object.entries(fields ?? {}).filter(([, value]) => value !== undefined),
  ) as Defined<T>;
}
