/** All routes of the API. The app serves them, the stack opens them, and the OpenAPI document describes them. */
export const ROUTES = {
  createJob: { method: 'post', path: '/jobs' },
  listJobs: { method: 'get', path: '/jobs' },
  getJob: { method: 'get', path: '/jobs/{jobId}' },
  cancelJob: { method: 'post', path: '/jobs/{jobId}/cancel' },
  resumeJob: { method: 'post', path: '/jobs/{jobId}/resume' },
  approveJob: { method: 'post', path: '/jobs/{jobId}/approve' },
  rejectJob: { method: 'post', path: '/jobs/{jobId}/reject' },
  retryJob: { method: 'post', path: '/jobs/{jobId}/retry' },
  createUpload: { method: 'post', path: '/uploads' },
  getOpenApi: { method: 'get', path: '/openapi.json' },
} as const;

type RouteName = keyof typeof ROUTES;

export const ROUTE_NAMES = Object.keys(ROUTES) as RouteName[];
