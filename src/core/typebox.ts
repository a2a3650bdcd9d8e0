import Type from 'typebox'
import { Compile } from 'typebox/compile'
import Format from 'typebox/format'

/** `uuid` describes ids to clients and is not validated: a malformed id is 404 rather than 422. */
Format.Set('uuid', () => true)

/**
 * The one door to TypeBox: its 700 files take 300 ms to load, so the build folds them into this one
 * (scripts/fold-typebox.mjs).
 */
export { Compile, Format, Type }
