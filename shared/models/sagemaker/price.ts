/** An endpoint is paid by the hour it exists, not by the call: a row costs nothing more. */
export const COST_NANO_USD = 0;
