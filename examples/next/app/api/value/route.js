import { shortValue, value } from '../../../lib/values.js'

export async function GET(request) {
  const name = request.nextUrl.searchParams.get('name')
  return Response.json({ value: name === 'short' ? await shortValue() : await value(name) })
}
