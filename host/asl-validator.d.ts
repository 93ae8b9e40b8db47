declare module 'asl-validator' {
  /** Checks a definition in Amazon States Language. The package has no types of its own. */
  export default function aslValidator(
    definition: object,
    options?: { readonly checkPaths?: boolean; readonly checkArn?: boolean },
  ): { readonly isValid: boolean; errorsText(separator?: string): string };
}
