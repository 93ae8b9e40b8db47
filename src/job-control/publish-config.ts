import { deployedConfigObject } from '../config/deployed-config.ts';
import { publishedConfig } from '../config/published-config.ts';
import type { NightshiftConfig } from '../config/config.ts';
import type { Edges } from '../edges.ts';

/** The fields used of CloudFormation's call of a custom resource. */
export interface DeployEvent {
  readonly RequestType: 'Create' | 'Update' | 'Delete';
  /** Signed URL at which CloudFormation waits for the answer. */
  readonly ResponseURL: string;
  readonly StackId: string;
  readonly RequestId: string;
  readonly LogicalResourceId: string;
}

export interface PublishEdges extends Edges {
  readonly config: NightshiftConfig;
}

/** One constant id per workflow, so that a new configuration updates the same resource. */
const RESOURCE_ID = 'nightshift-config';

/**
 * Writes the deployed configuration into the bucket, and sends CloudFormation the answer that it waits for. When the stack is
 * removed, the object stays in the bucket.
 */
export async function publishConfig(edges: PublishEdges, event: DeployEvent): Promise<void> {
  try {
    if (event.RequestType !== 'Delete')
      await deployedConfigObject.write(edges.store, undefined, publishedConfig(edges.config));
    await answer(event, { Status: 'SUCCESS' });
  } catch (error) {
    const { message } = error instanceof Error ? error : new Error(String(error));
    await answer(event, {
      Status: 'FAILED',
      Reason: `The configuration was not written to the bucket: ${message}`,
    });
    throw error;
  }
}

async function answer(event: DeployEvent, result: { Status: string; Reason?: string }): Promise<void> {
  const { ResponseURL, StackId, RequestId, LogicalResourceId } = event;
  const body = JSON.stringify({
    ...result,
    PhysicalResourceId: RESOURCE_ID,
    StackId,
    RequestId,
    LogicalResourceId,
  });
  // The URL is signed for exactly these headers.
  const response = await fetch(ResponseURL, { method: 'PUT', headers: { 'content-type': '' }, body });
  if (!response.ok) throw new Error(`CloudFormation rejected the answer with status ${response.status}.`);
}
