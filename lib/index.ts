/** The exports of `nightshift`: the construct, the stack, and the types of a configuration. */
export { BatchWorkflow } from './batch-workflow.ts';
export type { BatchWorkflowProps } from './workflow-props.ts';
export { NightshiftStack, type NightshiftStackProps } from './nightshift-stack.ts';
export type { ReservedConcurrency } from './function-settings.ts';
export type { ApiProps } from './jobs-api.ts';
export type { ProviderKeys } from './provider-keys.ts';
export type { StepName } from './step-table.ts';
export type { WebhookProps } from './webhook.ts';
export type { NightshiftConfig, ProfileConfig } from '../src/config/config.ts';
export { defineConfig } from '../src/config/define-config.ts';
