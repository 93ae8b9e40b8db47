/** The one job of the bench. Of its own, for a measured process is not to load what makes jobs. */
export const JOB_ID = 'bench-0000000000000000';
