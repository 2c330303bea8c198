export const notTheHandler = (): number => 1;
