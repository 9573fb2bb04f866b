namespace ImGateway.Edge.Storage;

/// <summary>The storage refuses: the message is one line for the operator.</summary>
class StorageException(string message, Exception? inner = null) : IOException(message, inner);

/// <summary>Another node has changed the key since it was read.</summary>
sealed class StorageConflictException(string location) : StorageException($"{location}: was changed by another writer meanwhile");

/// <summary>Another user of the machine owns what has to be closed to others; the message says what to do about it.</summary>
sealed class PrivateModesException(string message) : StorageException(message);
