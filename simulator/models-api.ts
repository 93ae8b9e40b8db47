import { isUnknownModel } from './answers.ts';
import type { Api } from './api.ts';

/** Examples of models. Every model exists, unless its name begins with `unknown-`. */
const MODELS = ['simulated-chat', 'simulated-embedding'];

function modelObject(id: string): object {
  return { id, object: 'model', created: 1_790_000_000, owned_by: 'simulator' };
}

export function addModels({ app, reject, codes }: Api): void {
  app.get('/v1/models', (c) => c.json({ object: 'list', data: MODELS.map(modelObject) }));
  app.get('/v1/models/:id', (c) => {
    const id = c.req.param('id');
    if (!isUnknownModel(id)) return c.json(modelObject(id));
    return reject(c, 404, codes('unknown model'), `The model '${id}' does not exist.`);
  });
}
