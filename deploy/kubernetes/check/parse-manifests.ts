import { parseAllDocuments } from 'yaml'
import type { Manifest } from './policy/manifest.ts'

/** The objects of a YAML text, one or many. Throws where the text is no YAML. */
export const parseManifests = (text: string): readonly Manifest[] =>
  parseAllDocuments(text)
    .map((document) => {
      if (document.errors[0] !== undefined) throw document.errors[0]
      return document.toJS() as Manifest | null
    })
    .filter((manifest) => manifest !== null)
