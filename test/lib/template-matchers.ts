import type { Template } from 'aws-cdk-lib/assertions';
import { expect } from 'vitest';

type Properties = Record<string, unknown>;

interface TemplateMatchers {
  /** Some resource of the type has these attributes, `Properties` among them. */
  toHaveResource(type: string, attributes: Properties): void;
  /** Some resource of the type has these properties. */
  toHaveProperties(type: string, properties: Properties): void;
  /** Every resource of the type has these attributes. */
  toHaveOnlyResources(type: string, attributes: Properties): void;
  /** Every resource of the type has these properties. */
  toHaveOnlyProperties(type: string, properties: Properties): void;
  toHaveCount(type: string, count: number): void;
  /** The step's function has these properties and environment variables. */
  toHaveStep(step: string, properties: Properties, variables?: Properties): void;
}

declare module 'vitest' {
  // Extends the interface of vitest.
  interface Matchers<
    R extends void | Promise<void> = void | Promise<void>,
    T = unknown,
  > extends TemplateMatchers {}
}

/** The CDK's assertions as matchers, so that their failures look like those of `expect`. */
expect.extend({
  toHaveResource: (template: Template, type: string, attributes: Properties) =>
    verdict(() => template.hasResource(type, attributes)),
  toHaveProperties: (template: Template, type: string, properties: Properties) =>
    verdict(() => template.hasResourceProperties(type, properties)),
  toHaveOnlyResources: (template: Template, type: string, attributes: Properties) =>
    verdict(() => template.allResources(type, attributes)),
  toHaveOnlyProperties: (template: Template, type: string, properties: Properties) =>
    verdict(() => template.allResourcesProperties(type, properties)),
  toHaveCount: (template: Template, type: string, count: number) =>
    verdict(() => template.resourceCountIs(type, count)),
  toHaveStep: (template: Template, step: string, properties: Properties, variables: Properties = {}) =>
    verdict(() =>
      template.hasResourceProperties('AWS::Lambda::Function', {
        ...properties,
        Environment: { Variables: { ...variables, STEP: step } },
      }),
    ),
});

function verdict(assertion: () => void): { pass: boolean; message: () => string } {
  try {
    assertion();
    return { pass: true, message: () => 'The template has what it should not have.' };
  } catch (error) {
    return { pass: false, message: () => (error instanceof Error ? error.message : String(error)) };
  }
}
