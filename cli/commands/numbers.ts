import { InvalidArgumentError } from 'commander';

/**
 * A TCP port; 0 means any free port.
 * @throws InvalidArgumentError
 */
export function portNumber(text: string): number {
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new InvalidArgumentError('It must be a number from 0 to 65535.');
  return Number(text);
}

/**
 * Reads a whole number of at most nine digits.
 * @throws InvalidArgumentError, which commander reports with the option's name.
 */
export function wholeNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(text);
}

/**
 * A share of rows: 0.05 is one in twenty.
 * @throws InvalidArgumentError
 */
export function shareOfRows(text: string): number {
  if (!/^0?\.\d{1,9}$|^0$/.test(text))
    throw new InvalidArgumentError('It must be a number from 0 to below 1.');
  return Number(text);
}

/**
 * Reads a whole number above 0, of at most nine digits.
 * @throws InvalidArgumentError
 */
export function positiveNumber(text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new InvalidArgumentError('It must be a whole number above 0.');
  return Number(text);
}
