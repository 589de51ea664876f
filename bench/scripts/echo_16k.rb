# frozen_string_literal: true

ask(Echo, ("x" * 16_384).freeze)
