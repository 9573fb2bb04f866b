namespace ImGateway.Edge.Storage;

/// <summary>The storage refused an operation; the message is one line for the operator.</summary>
class StorageException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>Another node has changed the key since it was read (wrong expected version).</summary>
sealed class StorageConflictException(string location) : StorageException($"{location}: was changed by another writer meanwhile");

/// <summary>Another user owns a file that must be private; the message contains the remedy.</summary>
sealed class PrivateFileModesException(string message) : StorageException(message);
