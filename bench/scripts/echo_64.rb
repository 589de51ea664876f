# frozen_string_literal: true

ask(Echo, ("x" * 64).freeze)
