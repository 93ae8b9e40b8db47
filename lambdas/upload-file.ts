import { handle } from '../src/runtime/handler.ts';
import { providerEdgesFromEnvironment } from '../src/runtime/provider-edges.ts';
import { uploadFile } from '../src/steps/upload-file.ts';

export const handler = handle(uploadFile, providerEdgesFromEnvironment);
