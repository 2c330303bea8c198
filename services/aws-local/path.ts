/** Path segments as sent: decoding first would turn an encoded slash of a name into a separator. */
export function rawSegments(url: string): readonly string[] {
  const [path = ''] = url.split('?', 1);
  return path.split('/').filter((segment) => segment !== '');
}

export function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment; // a broken escape names nothing either way
  }
}
