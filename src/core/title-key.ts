import { foldCase } from './fold.ts'

/**
 * Between the folded title and the title. It sorts before every other character, and no folded
 * title has it.
 */
const SEPARATOR = '\u0001'

/** Maximum length of the folded title, in code points: that of a title. */
const MAX_FOLDED_LENGTH = 500

const ASCII = /^[\x20-\x7e]*$/

/**
 * Marks that letters of any script may carry, and Hebrew points. Vowel signs of Indic scripts are
 * no accents.
 */
const ACCENTS = /(?=\p{M})[\p{sc=Inherited}\p{sc=Hebrew}]/gu

/** Letters that Unicode does not decompose, and what they are without their stroke or ligature. */
const BASE_LETTERS: Readonly<Record<string, string>> = {
  æ: 'ae',
  đ: 'd',
  ħ: 'h',
  ł: 'l',
  ø: 'o',
  œ: 'oe',
  ŧ: 't',
}

/**
 * What titles are sorted by, in the order of UTF-8 bytes (that of code points): the title without
 * case and accents, then the title itself. Folding may lengthen a text (ß, ligatures), so the
 * folded part is cut; titles that differ only beyond the cut are sorted by their text.
 */
export const titleKey = (title: string): string => `${foldTitle(title)}${SEPARATOR}${title}`

const foldTitle = (title: string): string => {
  if (ASCII.test(title)) return title.toLowerCase()
  const folded = foldCase(title)
    .replace(ACCENTS, '')
    .replace(/[æđħłøœŧ]/g, (letter) => BASE_LETTERS[letter] ?? letter)
    .replaceAll(SEPARATOR, '')
    .normalize('NFC')
  return folded.length > MAX_FOLDED_LENGTH
    ? [...folded].slice(0, MAX_FOLDED_LENGTH).join('')
    : folded
}
