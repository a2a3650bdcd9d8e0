import type { FastifyInstance } from 'fastify'
import { Type } from '../core/typebox.ts'
import { emptyResponse, problems } from '../http/openapi.ts'
import { HttpError } from '../http/problem.ts'
import { BODY_ERRORS } from '../http/routes/request-parts.ts'
import { compileValidator } from '../http/validation.ts'
import type { Webhook } from './webhook.ts'

/** GitHub sends more than a task can hold: both texts of an issue, before and after. */
const DELIVERY_LIMIT = 8 * 1024 * 1024

/** https://docs.github.com/webhooks/webhook-events-and-payloads#delivery-headers */
const DeliveryHeaders = Type.Object({
  'X-GitHub-Event': Type.Optional(
    Type.String({ description: 'The event; only `issues` is used.' }),
  ),
  'X-GitHub-Delivery': Type.Optional(Type.String({ description: 'The id of the delivery.' })),
  'X-Hub-Signature-256': Type.Optional(
    Type.String({ description: 'The HMAC-SHA256 of the body with the secret.' }),
  ),
})

const Delivery = Type.Object(
  {},
  {
    title: 'GithubDelivery',
    description: 'The payload of the event.',
    additionalProperties: true,
    examples: [{ action: 'edited', issue: {}, repository: {} }],
  },
)

/** In a scope of its own, as it needs the very bytes of the body. */
export const addWebhookRoute = (scope: FastifyInstance, requireWebhook: () => Webhook): void => {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) =>
    done(null, body),
  )
  scope.post(
    '/github/webhook',
    {
      bodyLimit: DELIVERY_LIMIT,
      /** The signature is of the bytes, so nothing of the body is read before it is verified. */
      validatorCompiler: (part) => (part.httpPart === 'body' ? () => true : compileValidator(part)),
      schema: {
        operationId: 'receiveDelivery',
        tags: ['github'],
        summary: 'Receive a webhook delivery from GitHub',
        description:
          'The payload URL of a GitHub webhook with content type `application/json`, the ' +
          'event `issues` and the secret GITHUB_WEBHOOK_SECRET.',
        headers: DeliveryHeaders,
        body: Delivery,
        response: {
          202: emptyResponse('Accepted (duplicates included)'),
          ...problems('github_not_configured', 'invalid_signature', ...BODY_ERRORS),
        },
      },
    },
    async (request, reply) => {
      const { headers } = request
      const delivery = {
        id: String(headers['x-github-delivery'] ?? ''),
        event: String(headers['x-github-event'] ?? ''),
        signature: headers['x-hub-signature-256']?.toString(),
        body: Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0),
      }
      /**
       * A delivery that cannot be stored is not lost: the next poll finds the change. So GitHub
       * never gets a 5xx.
       */
      const receipt = await requireWebhook()
        .receive(delivery)
        .catch((error: unknown) => {
          request.log.warn(
            { err: error },
            'a delivery of GitHub could not be stored; the next poll finds the change',
          )
          return 'taken' as const
        })
      if (receipt === 'unsigned')
        throw new HttpError('invalid_signature', 'The signature is missing or wrong')
      if (receipt === 'malformed')
        throw new HttpError('malformed_json', 'The body is not a GitHub "issues" webhook payload')
      return reply.code(202).send()
    },
  )
}
