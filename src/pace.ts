/** How much time a step has before it is ended from outside. */
export interface StepTime {
  /** True if a step that can continue in another call should save its state and return. */
  isShort(): boolean;
  /** True if long work that cannot be divided should be left to another call. Absent: never. */
  isLate?(): boolean;
  /** True if a step without progress in this call should fail by itself. */
  isOver(): boolean;
}

/** Tracks the progress of one call of a step. A call that stops for lack of time has always made some progress. */
export class Pace {
  readonly #time: StepTime | undefined;
  #done = 0;

  constructor(time: StepTime | undefined) {
    this.#time = time;
  }

  /** Records progress that the next call need not repeat. */
  did(): void {
    this.#done += 1;
  }

  /** True if long work that cannot be divided must wait for the next call, which begins with it. */
  get mustRest(): boolean {
    return this.#done > 0 && this.#time?.isLate?.() === true;
  }

  /** True if the rest must wait for the next call. */
  get mustStop(): boolean {
    return this.#done > 0 && this.#time?.isShort() === true;
  }
}
