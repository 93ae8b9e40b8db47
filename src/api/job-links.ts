/** Where a job's routes are. */
export function jobLinks(jobId: string) {
  return {
    self: `/jobs/${jobId}`,
    cancel: `/jobs/${jobId}/cancel`,
    resume: `/jobs/${jobId}/resume`,
    retry: `/jobs/${jobId}/retry`,
  };
}
