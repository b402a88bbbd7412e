# Sets and gets values with Dalli: one job as JSON on stdin, its results as JSON on stdout.
require 'base64'
require 'dalli'
require 'json'

def to_ruby(value)
  content = value['value']
  case value['type']
  when 'bytes' then Base64.decode64(content)
  when 'int' then Integer(content)
  when 'float' then Float(content)
  when 'list' then content.map { |item| to_ruby(item) }
  when 'dict' then content.to_h { |key, item| [key, to_ruby(item)] }
  else content
  end
end

def from_ruby(value)
  case value
  when nil then { type: 'null' }
  when true, false then { type: 'bool', value: value }
  when Integer then { type: 'int', value: value.to_s }
  when Float then { type: 'float', value: value.to_s }
  when String then from_string(value)
  when Array then { type: 'list', value: value.map { |item| from_ruby(item) } }
  when Hash then { type: 'dict', value: value.map { |key, item| [key, from_ruby(item)] } }
  else { type: value.class.name }
  end
end

def from_string(value)
  return { type: 'text', value: value } if value.encoding == Encoding::UTF_8

  { type: 'bytes', value: Base64.strict_encode64(value) }
end

def attempt
  yield
rescue StandardError => e
  { type: 'error', value: e.class.name }
end

Dalli.logger.level = Logger::FATAL
job = JSON.parse($stdin.read)
client = Dalli::Client.new("127.0.0.1:#{job['port']}")
options = job['options'].transform_keys(&:to_sym)
stored = job['set'].map { |key, value| attempt { client.set(key, to_ruby(value), 0, options) ? true : false } }
found = job['get'].map { |key| attempt { from_ruby(client.get(key)) } }
puts JSON.generate(version: Dalli::VERSION, stored: stored, found: found)
