import { createHmac } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { isSigned } from '#src/github/webhook-signature.ts'

/** https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries#testing-the-webhook-payload-validation */
const SECRET = "It's a Secret to Everybody"
const BODY = Buffer.from('Hello, World!')
const SIGNATURE = 'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17'

describe('a delivery', () => {
  test('with the signature of the documentation is signed', () => {
    expect(isSigned(BODY, SIGNATURE, [SECRET])).toBe(true)
  })

  test('is signed with any of the secrets, so that one can be replaced', () => {
    expect(isSigned(BODY, SIGNATURE, ['new', SECRET])).toBe(true)
    expect(isSigned(BODY, SIGNATURE, [SECRET, 'old'])).toBe(true)
  })

  test('with another body, secret or none is not', () => {
    expect(isSigned(Buffer.from('Hello, World?'), SIGNATURE, [SECRET])).toBe(false)
    expect(isSigned(BODY, SIGNATURE, ['new'])).toBe(false)
    expect(isSigned(BODY, SIGNATURE, [])).toBe(false)
  })

  test('with a missing or malformed signature is not', () => {
    const malformed = [
      undefined,
      '',
      'sha256=',
      SIGNATURE.slice(7),
      SIGNATURE.slice(0, -1),
      `${SIGNATURE}0`,
      `${SIGNATURE}\n`,
    ]
    for (const signature of [
      ...malformed,
      SIGNATURE.toUpperCase(),
      SIGNATURE.replace('sha256', 'sha1'),
    ]) {
      expect(isSigned(BODY, signature, [SECRET])).toBe(false)
    }
  })

  test('signed with an empty secret is not', () => {
    const ofEmptySecret = `sha256=${createHmac('sha256', '').update(BODY).digest('hex')}`
    expect(isSigned(BODY, ofEmptySecret, [''])).toBe(false)
  })
})
