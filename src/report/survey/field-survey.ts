import type { OutputRules } from '../../checkpoints/profile.ts';
import { numberText } from '../../exact-json.ts';
import { NumberSurvey, type Numbers } from './number-survey.ts';

/** Distribution of one field's values over the answers. */
export interface FieldValues {
  readonly name: string;
  /** Number of answers without a value of the field's type. */
  readonly without: number;
  /** For enums and booleans: each value with its number of answers. */
  readonly values?: readonly (readonly [value: string, answers: number])[];
  readonly numbers?: Numbers | undefined;
}

/** Most fields of a schema, and most values of an enum, on a page. */
const MAX_FIELDS = 20;
const MAX_VALUES = 30;

type Fields = Readonly<Record<string, unknown>>;

/** Counts the values of a schema's top-level fields that are enums, booleans and numbers. */
export class FieldSurvey {
  readonly #fields: readonly CountedField[];
  #answers = 0;

  constructor(output: Pick<OutputRules, 'schema'> | undefined) {
    const properties = output?.schema['properties'];
    const all = isObject(properties) ? Object.entries(properties) : [];
    this.#fields = all.flatMap(([name, schema]) => countedField(name, schema) ?? []).slice(0, MAX_FIELDS);
  }

  add(answer: Fields): void {
    this.#answers += 1;
    for (const field of this.#fields) if (Object.hasOwn(answer, field.name)) field.add(answer[field.name]);
  }

  results(): FieldValues[] {
    return this.#answers === 0 ? [] : this.#fields.map((field) => field.result(this.#answers));
  }
}

interface CountedField {
  readonly name: string;
  add(value: unknown): void;
  result(answers: number): FieldValues;
}

function countedField(name: string, schema: unknown): CountedField | undefined {
  if (!isObject(schema)) return undefined;
  const types = [schema['type']].flat();
  if (Array.isArray(schema['enum']))
    return new Choices(name, schema['enum'].slice(0, MAX_VALUES).map(textOf));
  if (types.includes('boolean')) return new Choices(name, ['true', 'false']);
  return types.includes('number') || types.includes('integer') ? new NumberField(name) : undefined;
}

class Choices implements CountedField {
  readonly name: string;
  readonly #counts: Map<string, number>;

  constructor(name: string, values: readonly string[]) {
    this.name = name;
    this.#counts = new Map(values.map((value) => [value, 0]));
  }

  add(value: unknown): void {
    const text = textOf(value);
    const count = this.#counts.get(text);
    if (count !== undefined) this.#counts.set(text, count + 1);
  }

  result(answers: number): FieldValues {
    const values = [...this.#counts];
    const counted = values.reduce((sum, [, count]) => sum + count, 0);
    return { name: this.name, values, without: answers - counted };
  }
}

class NumberField implements CountedField {
  readonly name: string;
  readonly #numbers = new NumberSurvey();

  constructor(name: string) {
    this.name = name;
  }

  add(value: unknown): void {
    const text = numberText(value);
    if (text !== undefined) this.#numbers.add(Number(text));
  }

  result(answers: number): FieldValues {
    const numbers = this.#numbers.result();
    return { name: this.name, numbers, without: answers - (numbers?.count ?? 0) };
  }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (numberText(value) ?? JSON.stringify(value));
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
