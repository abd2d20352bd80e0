"""The contract, generated. Messages are in `*_pb2`, stubs in `*_pb2_grpc`."""
