import { describe, expect, test } from 'vitest'
import { deliberateErrors, exampleManifests, plainManifests, withError } from '../../deploy/kubernetes/check/deliberate-errors.ts'
import { checkPolicy, RULES } from '../../deploy/kubernetes/check/policy/policy.ts'

const errors = deliberateErrors('policy-errors.yaml')

describe('the policy of the manifests', () => {
  test('the plain files break no rule', () => {
    expect(checkPolicy({ manifests: plainManifests(), isProduction: false })).toEqual([])
  })

  test('the example of an installation breaks no rule', () => {
    expect(checkPolicy({ manifests: exampleManifests(), isProduction: true })).toEqual([])
  })

  test.each(errors)('$rule tells of $error', (error) => {
    const isPlain = error.base === 'plain'
    const manifests = withError(isPlain ? plainManifests() : exampleManifests(), error)
    const breaches = checkPolicy({ manifests, isProduction: !isPlain })
    expect(breaches.map(({ rule }) => rule)).toContain(error.rule)
  })

  test('every rule has an error that it tells of', () => {
    expect(Object.keys(RULES).filter((name) => !errors.some(({ rule }) => rule === name))).toEqual([])
  })
})
