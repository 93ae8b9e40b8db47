/**
 * `DisposableStack` and `AsyncDisposableStack` for Node 22, which has the symbols but not these classes. The bundler uses them in
 * place of the globals with the same names; a newer Node uses its own classes.
 */

type Undo = () => unknown;

class Undos {
  #undos: Undo[] = [];

  protected add(undo: Undo): void {
    this.#undos.push(undo);
  }

  protected takeFrom(other: Undos): void {
    this.#undos = other.#undos;
    other.#undos = [];
  }

  protected take(): Undo[] {
    return this.#undos.splice(0).toReversed();
  }
}

class SyncStack extends Undos {
  use<T extends Disposable>(value: T): T {
    this.add(() => value[Symbol.dispose]());
    return value;
  }

  [Symbol.dispose](): void {
    const errors: unknown[] = [];
    for (const undo of this.take()) {
      try {
        undo();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}

class AsyncStack extends Undos {
  use<T extends AsyncDisposable | Disposable>(value: T): T {
    this.add(() => (Symbol.asyncDispose in value ? value[Symbol.asyncDispose]() : value[Symbol.dispose]()));
    return value;
  }

  defer(undo: Undo): void {
    this.add(undo);
  }

  move(): AsyncStack {
    const moved = new AsyncStack();
    moved.takeFrom(this);
    return moved;
  }

  async disposeAsync(): Promise<void> {
    const errors: unknown[] = [];
    for (const undo of this.take()) {
      try {
        // One after the other, beginning with the last one that was added.
        await undo();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.disposeAsync();
  }
}

const own = globalThis as { DisposableStack?: unknown; AsyncDisposableStack?: unknown };
const DisposableStack = own.DisposableStack ?? SyncStack;
const AsyncDisposableStack = own.AsyncDisposableStack ?? AsyncStack;
export { DisposableStack, AsyncDisposableStack };
