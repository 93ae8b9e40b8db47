import { handle } from '../src/runtime/handler.ts';
import { providerEdgesFromEnvironment } from '../src/runtime/provider-edges.ts';
import { sendDirect } from '../src/steps/send-direct.ts';

export const handler = handle(sendDirect, providerEdgesFromEnvironment);
