/** The text of an error. */
export interface ErrorText {
  readonly names: readonly string[];
  readonly message: string;
  /** The HTTP status in the error itself. */
  readonly inner?: number | undefined;
}

/** Names of transient failures, as gateways write them: `ServiceUnavailableError`, `rate-limit`. */
const TRANSIENT_NAME =
  /rate[_ -]?limit|too[_ -]?many[_ -]?requests|overloaded|server[_ -]?error|unavailable|timed?[_ -]?out|connect(?:ion)?[_ -]?(?:error|reset|refused|aborted|closed)|disconnected|deadline[_ -]?exceeded|resource[_ -]?exhausted/i;

/** Names that only say that something failed. */
const VAGUE_NAME =
  /^(?:(?:api|unknown|upstream|provider|inference|request|internal|general|processing|runtime|execution|engine|model|backend|batch|http|openai|unexpected|(?:api[_ -]?)?status)?[_ -]?(?:error|failed|failure|exception)|(?:HTTP_)?[24]00|-?1|UNKNOWN)$/i;

const TRANSIENT_WORDS =
  /time[d -]?\s?out|too many requests|rate[ -]?limit|overload|temporar|(?:service|server|model|upstream|engine|worker|backend)\b.{0,40}\b(?:unavailable|busy|not ready)|(?:try|retry)(?: your request)? (?:again|later)|internal (?:server )?error|deadline exceeded|connection (?:reset|refused|error|closed|aborted)|ECONNRESET|socket hang up|disconnected|(?:at|over|insufficient|no) capacity/i;

/** Words about the row itself: a retry would fail in the same way. */
const ABOUT_ROW =
  /bad request|invalid|malformed|not (?:valid|parse)|context length|too (?:long|large)|unsupported|not supported|missing|required|must (?:be|not)|quota|billing|credit/i;

/** True if a name only says that something failed. */
export const isVague = (name: string): boolean => VAGUE_NAME.test(name);

/**
 * True if a failure is transient by its names or, if no name is specific, by its message. Call it only if the HTTP status does
 * not decide: for a success, or for a 400 that a gateway returns for failures of all kinds.
 */
export function isTransientText({ names, message }: ErrorText, status: number): boolean {
  const decidesNothing = status === 400 || (status >= 200 && status < 300);
  if (!decidesNothing) return false;
  if (names.some((name) => TRANSIENT_NAME.test(name))) return true;
  return names.every(isVague) && TRANSIENT_WORDS.test(message) && !ABOUT_ROW.test(message);
}
