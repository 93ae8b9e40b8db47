/** How much time a step has left before it is ended from outside. */
export interface StepTime {
  /** A step that can go on in another call of it saves where it is, and returns. */
  isShort(): boolean;
  /** A step that has not moved on in this call says so, and fails by itself. */
  isOver(): boolean;
}

/** Counts what one call of a step has done, so that a call that stops for lack of time has always moved on. */
export class Pace {
  readonly #time: StepTime | undefined;
  #done = 0;

  constructor(time: StepTime | undefined) {
    this.#time = time;
  }

  /** Some work is done that the next call need not do again. */
  did(): void {
    this.#done += 1;
  }

  /** Whether the rest has to wait for the next call. */
  get mustStop(): boolean {
    return this.#done > 0 && this.#time?.isShort() === true;
  }
}
