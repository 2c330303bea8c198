/** One word for any POSIX shell, whatever is in it. */
export function shellQuote(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

export const exportLine = (name: string, value: string): string => `export ${name}=${shellQuote(value)}`;
