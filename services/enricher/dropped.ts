/** A row gets no outcome here: its partition is somebody else's, or the session ends. Whoever comes next repeats it. */
export class Dropped extends Error {
  constructor() {
    super('the row is left to whoever comes next');
    this.name = 'Dropped';
  }
}
