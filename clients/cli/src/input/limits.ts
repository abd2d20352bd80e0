/** The most rows that one read returns, as the service documents it. */
export const MAX_ROWS = 1000;
