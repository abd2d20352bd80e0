/** The most rows that one read returns, as the service documents it. */
export const MAX_ROWS = 1000;

/** How many standings are shown unless told otherwise, as the service and the SDK have it. */
export const DEFAULT_TOP = 10;
export const DEFAULT_AROUND = 11;
