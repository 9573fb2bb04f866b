namespace ImGateway.Edge.Configuration;

/// <summary>What is in force until a reload replaces it: one volatile write.</summary>
sealed class Current<T>(T value)
    where T : class
{
    volatile T _value = value;

    public T Value => _value;

    public void Replace(T value) => _value = value;
}
