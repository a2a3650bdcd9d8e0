/**
 * Text for comparing without case: compatibility forms unified (NFKD), case folded. Upper-casing
 * before lower-casing folds what has no single lower case (ß, ſ, ı). Accents stay, as marks after
 * their letters.
 */
export const foldCase = (text: string): string =>
  text
    .normalize('NFKD')
    .toLowerCase()
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKD')
    .replaceAll('ς', 'σ')
